;; test errors
(defprog one (:type :xdp :license "Dual BSD/GPL") 1)
(defprog two (:type :xdp) 1)
(defprog three (:type :xdp :license "Dual BSD/GPL") 1)
(defprog four (:type :xdp :license "GPL") 1)
;;                                 ^^^^^ error[bad-option]: a program above has `"Dual BSD/GPL"`
