;; test errors
;; Frames of a call chain share 512 bytes.
(defsubprog deep ((n u32)) u32
  (let ((buffer (struct-alloc 200)))
    (get-current-comm buffer 16)
    (load u8 buffer)))
(defsubprog middle ((n u32)) u32
  (let ((buffer (struct-alloc 200)))
    (get-current-comm buffer 16)
    (+ (deep n) (load u8 buffer))))

(defprog p (:type :kprobe :section "kprobe/x")
;;       ^ error[stack-overflow]: p -> middle -> deep need 624 bytes
  (let ((buffer (struct-alloc 200)))
    (get-current-comm buffer 16)
    (+ (middle 1) (load u8 buffer))))
