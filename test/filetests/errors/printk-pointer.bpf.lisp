;; test errors
(defprog shows (:type :xdp)
  (trace-printk "%d" (ctx-ptr))
;;                   ^^^^^^^^^ error[pointer-misuse]: addresses print as %p
  (trace-printk "%p" (ctx-ptr))
  1)
