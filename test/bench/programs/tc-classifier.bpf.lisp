;;; Sorts IPv4 TCP and UDP packets by destination port; ports in a set are dropped.

(defmap blocked-ports :type :hash :key-type u16 :value-type u8 :max-entries 256)
(defmap tc-stats :type :array :key-size 4 :value-size 8 :max-entries 4)

(defconstant +total+ 0)
(defconstant +remote+ 1)
(defconstant +web+ 2)
(defconstant +blocked+ 3)

(defprog tc-classifier (:type :tc)
  (with-tc-packet (data data-end :min-len 38)
    (let* ((ip (+ data +eth-hdr-len+))
           (protocol (ipv4-protocol ip)))
      (when (and (= (eth-type data) +ethertype-ipv4+)
                 (or (= protocol +ip-proto-tcp+) (= protocol +ip-proto-udp+)))
        (incf (getmap tc-stats +total+))
        ;; Ports are at the same place in TCP and UDP.
        (let ((port (udp-dst-port (+ ip +ipv4-hdr-len+))))
          (when (map-lookup blocked-ports port)
            (incf (getmap tc-stats +blocked+))
            (return TC_ACT_SHOT))
          (case port
            ((22 53) (incf (getmap tc-stats +remote+)))
            ((80 443) (incf (getmap tc-stats +web+))))))))
  TC_ACT_OK)
