;; test errors
(include "./not-there.lisp")
;;       ^ error[missing-file]: cannot read `./not-there.lisp`
(defprog wrong-token (:type :xdp)
  (+ #z12 1)
;;   ^ error[bad-token]: `#z` is no reader syntax here
  XDP_PASS)
