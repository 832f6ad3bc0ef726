;; test errors
(defprog big-frame (:type :xdp)
;;       ^ error[stack-overflow]: the program needs 608 bytes of stack; the kernel allows 512
  (let ((a (struct-alloc 300))
        (b (struct-alloc 300)))
    (get-current-comm a 16)
    (get-current-comm b 16)
    (+ (load u8 a 0) (load u8 b 0))))
