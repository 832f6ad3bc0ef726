;; test run
;; What bodies of bpf-loop may use: map values, structs on the stack, packets, the context, typed variables; return.
(defstruct pair (a u32) (b u32))
(defmap sums :type :array :key-size 4 :value-size 8 :max-entries 4)
(defmap tables :type :array-of-maps :key-size 4 :max-entries 1 :inner sums :values (sums))

(defprog map-value (:type :xdp)
  (let ((sum (map-lookup sums 1)))
    (unless sum (return 90))
    (bpf-loop (i 10) (setf (load u64 sum) (+ i (load u64 sum))))
    (load u64 sum)))

(defprog stack-struct (:type :xdp)
  (let ((p (make-pair)) (last u8 250))
    (bpf-loop (i 7)
      (incf (pair-a p) i)
      (incf last)
      (setf (pair-b p) last))
    (+ (pair-a p) (* 100 (pair-b p)) (* 10000 last))))

(defprog context (:type :xdp)
  (let ((total 0))
    (bpf-loop (i 3)
      (setf total (+ total (- (ctx data-end) (ctx data)))))
    total))

(defprog packet (:type :xdp)
  (let ((data (ctx data)) (end (ctx data-end)) (found 0))
    (when (> (+ data 14) end) (return XDP_DROP))
    (bpf-loop (i 14)
      (when (= (load u8 data 12) 8) (incf found)))
    found))

(defprog returns (:type :xdp)
  (bpf-loop (i 100)
    (when (= i 40) (return (* i 2))))
  1)

(defprog returns-not (:type :xdp)
  (bpf-loop (i 10)
    (when (= i 40) (return 3)))
  4)

(defprog nested (:type :xdp)
  (let ((n 0))
    (bpf-loop (i 4)
      (bpf-loop (j 5)
        (incf n)
        (when (and (= i 2) (= j 3)) (return (+ n 1000)))))
    n))

(defprog breaks (:type :xdp)
  (let ((n 0))
    (let ((rounds (bpf-loop (i 50)
                    (when (= (mod i 2) 1) (continue))
                    (incf n)
                    (when (= i 20) (break)))))
      (+ n (* 100 rounds)))))

(defprog inner-map (:type :xdp)
  (let ((table (map-lookup tables 0)))
    (unless table (return 91))
    (bpf-loop (i 3) (incf (getmap table 2) 2))
    (getmap table 2)))

;; run map-value zero 60 = 45
;; run stack-struct zero 60 = 10121
;; run context tcp to=80 len=64 = 192
;; run packet tcp to=80 = 14
;; run returns zero 60 = 80
;; run returns-not zero 60 = 4
;; run nested zero 60 = 1014
;; run breaks zero 60 = 2111
;; run inner-map zero 60 = 6
