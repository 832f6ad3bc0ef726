;;; Reports new TCP connections (SYN without ACK) that arrive at an interface, through a ring buffer.

(defstruct conn-event
  (src-addr u32)
  (dst-addr u32)
  (dst-port u16)
  (proto u8)
  (pad u8))                     ; 12 bytes

(defmap events :type :ringbuf :max-entries 4096)

(defmap rb-stats :type :array
  :key-size 4 :value-size 8 :max-entries 2)

(defconstant +stat-events-sent+ 0)
(defconstant +stat-events-dropped+ 1)

(defprog event-logger (:type :xdp :section "xdp" :license "GPL")
  (with-tcp (data data-end tcp)
    (let ((ip (+ data +eth-hdr-len+))
          (flags (tcp-flags tcp)))
      (when (and (logand flags +tcp-syn+)
                 (not (logand flags +tcp-ack+)))
        (if-let (event (ringbuf-reserve events (sizeof conn-event) 0))
          (progn
            (setf (conn-event-src-addr event) (ipv4-src-addr ip)
                  (conn-event-dst-addr event) (ipv4-dst-addr ip)
                  (conn-event-dst-port event) (tcp-dst-port tcp)
                  (conn-event-proto event) (ipv4-protocol ip)
                  (conn-event-pad event) 0)
            (ringbuf-submit event 0)
            (incf (getmap rb-stats +stat-events-sent+)))
          (incf (getmap rb-stats +stat-events-dropped+))))))
  XDP_PASS)
