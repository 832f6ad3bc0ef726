;; test run
;; Every atomic operation in both widths; those that fetch have the old value.
(defmap cells :type :array :key-size 4 :value-size 16 :max-entries 2)

(defprog wide (:type :xdp)
  (let ((p (map-lookup cells 0)) (seen 0))
    (unless p (return 90))
    (atomic-add p 0 12)
    (setf seen (atomic-fetch-add p 0 1))
    (setf seen (+ (* 100 seen) (atomic-fetch-and p 0 9)))
    (setf seen (+ (* 100 seen) (atomic-fetch-or p 0 6)))
    (setf seen (+ (* 100 seen) (atomic-fetch-xor p 0 3)))
    (atomic-and p 0 12)
    (atomic-or p 0 1)
    (atomic-xor p 0 5)
    (+ (* 100 (mod seen 1000000)) (load u64 p))))

(defprog narrow (:type :xdp)
  (let ((p (map-lookup cells 1)))
    (unless p (return 90))
    (store u32 p 4 -1)
    (+ (* 1000 (atomic-xchg p 0 7 u32))
       (* 100 (atomic-cmpxchg p 0 6 9 u32))
       (* 10 (atomic-cmpxchg p 0 7 3 u32))
       (load u32 p 0)
       (if (= (load u32 p 4) #xffffffff) 0 50000))))

;; run wide zero 60 = 13091508
;; run narrow zero 60 = 773
