;;; At most 200 new connections of a source in a second.

(defconstant +window-ns+ 1000000000)
(defconstant +limit+ 200)

(defstruct window (start u64) (count u32) (dropped u32))

(defmap windows :type :lru-hash :key-type u32 :value-type window :max-entries 65536)
(defmap limit-stats :type :array :key-type u32 :value-type u64 :max-entries 3)

(defprog rate-limit (:type :xdp)
  (with-tcp (data data-end tcp)
    (when (= (logand (tcp-flags tcp) (logior +tcp-syn+ +tcp-ack+)) +tcp-syn+)
      (incf (getmap limit-stats 0))
      (let ((source (ipv4-src-addr (+ data +eth-hdr-len+)))
            (now (ktime-get-ns)))
        (if-let (window (getmap windows source))
          (progn
            (when (> (- now (window-start window)) +window-ns+)
              (setf (window-start window) now
                    (window-count window) 1)
              (return XDP_PASS))
            (incf (window-count window))
            (when (> (window-count window) +limit+)
              (incf (window-dropped window))
              (incf (getmap limit-stats 2))
              (return XDP_DROP)))
          (let ((fresh (make-window)))
            (setf (window-start fresh) now
                  (window-count fresh) 1
                  (getmap windows source) fresh)
            (incf (getmap limit-stats 1)))))))
  XDP_PASS)
