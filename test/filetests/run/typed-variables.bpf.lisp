;; test run
;; Typed variables truncate on every store, signed ones extend; untyped ones are 64-bit.
;; run narrow tcp = 0
;; run wide tcp = 256
;; run signed tcp = 1
;; run shadowed tcp = 12

;; The interface of a test run is `lo`; the compiler cannot know.
(defmacro run-time-one () '(ctx ingress-ifindex))

(defprog narrow (:type :xdp)
  (let ((x u8 255))
    (setf x (+ x (run-time-one)))
    x))

(defprog wide (:type :xdp)
  (let ((x 255))
    (setf x (+ x (run-time-one)))
    x))

(defprog signed (:type :xdp)
  (let ((x i8 127))
    (setf x (+ x (run-time-one)))
    (s< x 0)))

(defprog shadowed (:type :xdp)
  (let ((x 1) (y 10))
    (let ((x y) (y x))
      (+ x y (run-time-one)))))
