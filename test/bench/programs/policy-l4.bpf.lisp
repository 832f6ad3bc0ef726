;;; Allows a packet when its sender's identity may talk to its destination port and protocol.

(defstruct policy-key
  (identity u32) (dport u16) (proto u8) (pad u8))

(defmap ipcache-v4 :type :hash :key-type u32 :value-type u32 :max-entries 65536)
(defmap policy-v4 :type :hash :key-type policy-key :value-type u32 :max-entries 16384)
(defmap policy-stats :type :array :key-size 4 :value-size 8 :max-entries 4)

(defconstant +total+ 0)
(defconstant +allowed+ 1)
(defconstant +unknown-source+ 2)
(defconstant +denied+ 3)

(defprog policy-l4 (:type :xdp)
  (with-packet (data data-end :min-len 38)
    (let* ((ip (+ data +eth-hdr-len+))
           (protocol (ipv4-protocol ip)))
      (when (and (= (eth-type data) +ethertype-ipv4+)
                 (or (= protocol +ip-proto-tcp+) (= protocol +ip-proto-udp+)))
        (incf (getmap policy-stats +total+))
        (if-let (identity (map-lookup ipcache-v4 (ipv4-src-addr ip)))
          (let ((key (make-policy-key)))
            (setf (policy-key-identity key) (load u32 identity)
                  ;; Network order, as in the packet.
                  (policy-key-dport key) (load u16 ip 22)
                  (policy-key-proto key) protocol)
            (when (map-lookup-ptr policy-v4 key)
              (incf (getmap policy-stats +allowed+))
              (return XDP_PASS))
            (incf (getmap policy-stats +denied+)))
          (incf (getmap policy-stats +unknown-source+)))
        (return XDP_DROP))))
  XDP_PASS)
