;; test run
(defstruct event (id u32) (port u16) (flag u8) (pad u8))
(defmap events :type :ringbuf :max-entries 4096)

(defprog log (:type :xdp)
  (with-udp (data data-end udp)
    (with-ringbuf (e events (sizeof event))
      (when (= (udp-dst-port udp) 99)
        (ringbuf-discard e 0)
        (return XDP_DROP))
      (memset e 0 0 8)
      (setf (event-id e) 1 (event-port e) (udp-dst-port udp))))
  (with-tcp (data data-end tcp)
    (let ((e (make-event)))
      (setf (event-flag e) 255)
      (ringbuf-output events e (sizeof event) 0)))
  XDP_PASS)

;; run log udp to=258 = XDP_PASS
;; run log udp to=99 = XDP_DROP
;; run log tcp to=1 = XDP_PASS
;; ring events = 0100000002010000 000000000000ff00
