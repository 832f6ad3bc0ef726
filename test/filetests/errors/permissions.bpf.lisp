;; test errors
(defprog not-here (:type :kprobe :section "kprobe/do_nothing")
  (redirect 1 0)
;;^ error[helper-not-allowed]: `kprobe` programs may not call `redirect`
  0)

(defprog not-gpl (:type :kprobe :section "kprobe/do_nothing" :license "MIT")
  (let ((buffer (struct-alloc 16)))
    (probe-read-kernel buffer 16 0)
;;  ^ error[gpl-only-helper]: only for programs with a GPL-compatible licence
    0))

(defprog read-only (:type :xdp)
  (setf (ctx data) 1)
;;^ error[read-only-field]: `data` is read-only in `xdp` programs
  0)
