;; test run
;; Formats of the trace pipe: in registers, through memory, and the helper as it is. The result is the length.
(defstruct text (bytes (array u8 8)))
(defprog registers (:type :xdp)
  (trace-printk "a %d %x %llu" 7 255 1234567890123))
(defprog memory (:type :xdp)
  (trace-printk "%d %d %d %d %d" 1 22 333 4444 55555))
(defprog plain (:type :xdp)
  (let ((a (make-text)))
    (setf (text-bytes a 0) #x61)
    (trace-printk (text-bytes-ptr a) 2)))
(defprog percent (:type :xdp)
  (trace-printk "100%% %c" 65))

;; run registers zero 60 = 20
;; run memory zero 60 = 19
;; run percent zero 60 = 6
