;; test run
;; Global variables: shared by programs and between runs, constants from the object.
(defstruct config (limit u32) (factor u16) (flags u16) (total u64))
(defglobal hits u64)
(defglobal level u32 7)
(defglobal small i16 -5)
(defglobal state config '(10 3))
(defglobal table (array u32 8) '(1 2 3 4))
(defrodata min-uid u32 1000)
(defrodata ports (array u16 3) '(80 443 8080))

(defprog count (:type :xdp)
  (incf hits)
  (atomic-add (addr-of hits) 0 10)
  (cast u32 hits))

(defprog constants (:type :xdp)
  (+ min-uid (aref ports 2)))

(defprog variables (:type :xdp)
  (setf level (+ level 1))
  (incf small 2)
  (incf (config-total state) (* (config-limit state) (config-factor state)))
  (setf (aref table 1) 20)
  (let ((sum 0))
    (dotimes (i 8) (incf sum (aref table i)))
    (+ sum (* 1000 level) (* 100000 (config-total state)) small)))

(defprog hidden (:type :xdp)
  (let ((level 3)) level))

;; run count zero 60 = 11
;; run count zero 60 = 22
;; run constants zero 60 = 9080
;; run variables zero 60 = 3008025
;; run variables zero 60 = 6009027
;; run hidden zero 60 = 3
