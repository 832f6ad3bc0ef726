;; test errors
(defmacro endless () (loop))
(defmacro complains (x) (error "no ~a today" x))
(defmacro confused () (+ 1 "two"))

(defprog uses-macros (:type :xdp)
  (endless)
;;^ error[macro-limit]: `endless`: this took more than 1000000 evaluation steps
  (complains 5)
;;^ error[macro-error]: `complains`: no 5 today
  (confused)
;;^ error[bad-argument-type]: `confused`: `+` expected an integer, got `"two"`
  XDP_PASS)
