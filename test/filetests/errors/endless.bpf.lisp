;; test errors
(defprog rounds (:type :xdp)
  (loop 1 2 3 4)
;;^^^^^^^^^^^^^^ error[endless-loop]: nothing ends this loop
  1)
(defprog inner-break (:type :xdp)
  (while 1 (dotimes (i 3) (break)))
;;^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ error[endless-loop]: leave it with a break
  1)
(defprog ends (:type :xdp)
  (let ((n u32 0))
    (loop (incf n) (when (> n 5) (break)))
    (while 1 (incf n) (when (> n 9) (return n)))))
