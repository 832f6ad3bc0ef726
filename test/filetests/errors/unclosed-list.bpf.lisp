;; test errors
(defprog unclosed (:type :xdp)
  (when (= 1 1)
    (return XDP_DROP)
  XDP_PASS)
;; error@2:1[unbalanced-parens]: this form is not closed
