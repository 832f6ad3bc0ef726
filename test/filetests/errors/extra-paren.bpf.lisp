;; test errors
(defprog closed-twice (:type :xdp)
  XDP_PASS))
;;         ^ error[unbalanced-parens]: this parenthesis closes nothing
