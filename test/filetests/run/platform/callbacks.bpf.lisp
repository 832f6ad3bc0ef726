;; test run
;; Functions that helpers call back.
(defmap hits :type :hash :key-size 4 :value-size 8 :max-entries 16)
(defmap cells :type :array :key-size 4 :value-size 8 :max-entries 4)
(defglobal total u64)

(defsubprog add-entry (map key value context) i64
  (incf total (+ (load u32 key) (load u64 value)))
  0)

(defsubprog first-only (map key value context) i64
  (incf total 1)
  1)

(defprog walk (:type :xdp)
  (setf (getmap hits 1) 10)
  (setf (getmap hits 2) 20)
  (setf (getmap cells 3) 5)
  (setf total 0)
  (let ((seen (for-each-map-elem hits add-entry 0 0))
        (cells-seen (for-each-map-elem cells add-entry 0 0)))
    (+ total (* 1000 seen) (* 100000 cells-seen))))

(defprog stop (:type :xdp)
  (setf total 0)
  (for-each-map-elem cells first-only 0 0)
  total)

(defprog nested (:type :xdp)
  (let ((sum 0))
    (bpf-loop (i 10)
      (let ((inner 0))
        (bpf-loop (j 5) (incf inner j))
        (incf sum inner)))
    sum))

;; run walk zero 60 = 402044
;; run stop zero 60 = 1
;; run nested zero 60 = 100
