;;; Load balancer for IPv4 services: picks a random backend of the service that the packet is for, and rewrites the
;;; destination address and port. Addresses and ports in the maps are in network order, as in the packet.

(defstruct service-key
  (addr u32) (dport u16) (slot u16) (proto u8) (scope u8) (pad u16))

(defstruct service
  (backend-id u32) (count u16) (rev u16) (flags u8) (pad (array u8 7)))

(defstruct backend
  (addr u32) (port u16) (proto u8) (flags u8) (pad u32))

(defmap lb4-services :type :hash :key-type service-key :value-type service :max-entries 65536)
(defmap lb4-backends :type :hash :key-type u32 :value-type backend :max-entries 65536)

;; The header checksum after one 32-bit word changed (RFC 1624): ones' complement sum of the old checksum, the old word's
;; complement and the new word, in 16-bit digits. Two folds are enough for a sum below 2^18.
(defmacro checksum-replace (checksum old new)
  `(let* ((words (+ (logxor ,old #xffffffff) ,new))
          (sum (+ (logxor ,checksum #xffff) (logand words #xffff) (>> words 16))))
     (setf sum (+ (logand sum #xffff) (>> sum 16)))
     (setf sum (+ (logand sum #xffff) (>> sum 16)))
     (logxor sum #xffff)))

(defprog nodeport-lb4 (:type :xdp)
  (with-packet (data data-end :min-len 38)
    (let* ((ip (+ data +eth-hdr-len+))
           (l4 (+ ip +ipv4-hdr-len+))
           (protocol (ipv4-protocol ip)))
      (when (and (= (eth-type data) +ethertype-ipv4+)
                 (or (= protocol +ip-proto-tcp+) (= protocol +ip-proto-udp+)))
        (let ((key (make-service-key))
              (address (ipv4-dst-addr ip)))
          (setf (service-key-addr key) address
                (service-key-dport key) (load u16 l4 2)
                (service-key-proto key) protocol)
          (when-let ((service (getmap lb4-services key))
                     (count (service-count service)))
            (setf (service-key-slot key) (+ (mod (get-prandom-u32) count) 1))
            (when-let ((chosen (getmap lb4-services key))
                       (backend (getmap lb4-backends (service-backend-id chosen))))
              (let ((new (backend-addr backend)))
                (store u32 ip 16 new)
                (store u16 ip 10 (checksum-replace (load u16 ip 10) address new))
                (store u16 l4 2 (backend-port backend)))))))))
  XDP_PASS)
