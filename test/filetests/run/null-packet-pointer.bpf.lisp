;;; A parser's result that is 0 stays a packet pointer for the verifier, so its register may not stand in for the number
;;; 0 (shrunk from a random program).
;; test run
;; run main hex 02000000000202000000000108004500001d0000000040017ae100000000ffffffff0800f7ff0000000000 = 0
;; map table[2] = 1

(defmap table :type :hash :key-size 4 :value-size 8 :max-entries 64)

(defmap per-cpu-hash :type :percpu-hash :key-size 4 :value-size 8 :max-entries 64)

(defprog main
  (:type :tc)
  (let ((x) (y))
    (when (incf (getmap table 2)) (setf y 0))
    (unless 0
      (with-ipv6 (data2 end2 header1)
        (let (v3)
          (let* (v4)
            (let ((data3 (xdp-data)) (end3 (xdp-data-end)))
              (when-let ((header2 (parse-tcp data3 end3))) (setf x 1)))
            (incf (getmap per-cpu-hash 0)))
          (setf y (load u32 header1))))
      (decf x y))
    (case (u64 x) (3 (getmap table 0)))))
