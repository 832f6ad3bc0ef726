;; test errors
(defstruct flow (source u32) (target u32) (ports u32) (protocol u32))
(defstruct small (source u32))
(defmap flows :type :hash :key-type flow :value-size 8 :max-entries 16)
(defmap ports :type :hash :key-size 2 :value-size 8 :max-entries 16)
(defmap events :type :ringbuf :max-entries 4096)

(defprog wrong-sizes (:type :xdp)
  (let ((key (make-small)))
    (map-lookup-ptr flows key)
;;                        ^ error[size-mismatch]: map `flows` has 16-byte keys; struct `small` is 4 bytes long
    (getmap ports 70000)
;;                ^ error[size-mismatch]: map `ports` has 2-byte keys; 70000 does not fit
    0))

(defprog wrong-records (:type :xdp)
  (let ((record (ringbuf-reserve events 8 0)))
    (when record
      (store u32 record 6 1)
;;               ^ error[index-out-of-range]: only 8 bytes are there
      (ringbuf-submit record 0)))
  0)
