;; test errors
(defprog talks (:type :xdp)
  "a string without an end
;;^ error[unterminated-string]: this string has no closing quote
  XDP_PASS)
