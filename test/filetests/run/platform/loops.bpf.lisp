;; test run
;; Loops: natural ones, and the helper's.
(defmap sums :type :hash :key-size 4 :value-size 8 :max-entries 64)

(defprog natural (:type :xdp)
  (let ((i 0) (sum 0))
    (while (< i 10)
      (incf i)
      (when (= i 3) (continue))
      (when (= i 8) (break))
      (incf sum i))
    sum))

(defprog clauses (:type :xdp)
  (let ((sum 0))
    (loop for i from 2 to 10 by 2 do (incf sum i))
    (loop repeat 3 do (incf sum 100))
    (let ((n 0))
      (loop until (>= n 4) do (incf n) (incf sum 1000))
      (loop (incf n) (when (> n 6) (break)) (incf sum 10000)))
    sum))

(defprog counted (:type :xdp)
  (let ((sum 0))
    (dotimes (i 20)
      (when (= i 1) (continue))
      (when (= i 5) (break))
      (incf sum i))
    sum))

(defprog many (:type :xdp)
  (let ((sum 0) (last u32 0) (factor 2))
    (bpf-loop (i 1000)
      (when (= i 900) (break))
      (when (logand i 1) (continue))
      (incf sum factor)
      (setf last i))
    (+ sum (* 1000 last))))

(defprog rounds (:type :xdp)
  (let ((length (- (ctx data-end) (ctx data))))
    (bpf-loop (i length) (incf (getmap sums (logand i 7))))))

;; run natural zero 60 = 25
;; run clauses zero 60 = 24330
;; run counted zero 60 = 9
;; run many zero 60 = 898900
;; run rounds zero 60 = 60
;; map sums[0] = 8
;; map sums[7] = 7
