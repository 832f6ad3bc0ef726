;;; Counts connection attempts per source address and drops those of a source that made more than 100.

(defmap syn-counter :type :hash :key-size 4 :value-size 8 :max-entries 32768)
(defmap syn-stats :type :array :key-size 4 :value-size 8 :max-entries 3)

(defconstant +seen+ 0)
(defconstant +dropped+ 1)
(defconstant +new-source+ 2)

(defprog synflood (:type :xdp)
  (with-tcp (data data-end tcp)
    (when (= (logand (tcp-flags tcp) (logior +tcp-syn+ +tcp-ack+)) +tcp-syn+)
      (incf (getmap syn-stats +seen+))
      (let ((source (ipv4-src-addr (+ data +eth-hdr-len+))))
        (if-let (count (map-lookup syn-counter source))
          (progn
            (when (> (load u64 count) 100)
              (incf (getmap syn-stats +dropped+))
              (return XDP_DROP))
            (atomic-add count 0 1))
          (progn
            (incf (getmap syn-stats +new-source+))
            (setf (getmap syn-counter source) 1))))))
  XDP_PASS)
