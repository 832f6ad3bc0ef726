;;; A second, smaller bounds check inside a first one: where it "fails", the verifier marks the compared register as
;;; beyond the end, so what follows the inner check must not be addressed from it.
;; test run
;; run nested zero 60 = 7
;; run nested hex 00000000000000000000000000000000050000000000000000000000000000000000000000000000000000000000 = 12

(defmap seen :type :hash :key-size 4 :value-size 8 :max-entries 8)

(defprog nested (:type :xdp)
  (let ((data (ctx data))
        (data-end (ctx data-end))
        (result 7))
    (when (> (+ data 40) data-end)
      (return 1))
    (let ((seen-here (load u8 data 16)))
      (when (<= (+ data 24) data-end)
        (incf (getmap seen (load u8 data 20))))
      (incf (getmap seen (load u8 data 22)))
      (+ result seen-here))))
