;;; Counts packets per IP protocol on each CPU, behind up to two VLAN tags, and drops them all.

(defmap rxcnt :type :percpu-array :key-type u32 :value-type u64 :max-entries 256)

(defconstant +ethertype-qinq+ #x88a8)
(defconstant +vlan-hdr-len+ 4)

(defprog xdp1 (:type :xdp)
  (let* ((data (xdp-data))
         (data-end (xdp-data-end))
         (next (+ data +eth-hdr-len+))
         (protocol 0))
    (when (> next data-end)
      (return XDP_DROP))
    ;; Kept in network order: only compared with constants.
    (let ((type (load u16 data 12)))
      (dotimes (i 2)
        (when (or (= type (htons +ethertype-vlan+)) (= type (htons +ethertype-qinq+)))
          (incf next +vlan-hdr-len+)
          (when (> next data-end)
            (return XDP_DROP))
          ;; The type of what follows is the last field of a tag.
          (setf type (load u16 next -2))))
      (cond ((= type (htons +ethertype-ipv4+))
             (when (<= (+ next +ipv4-hdr-len+) data-end)
               (setf protocol (ipv4-protocol next))))
            ((= type (htons +ethertype-ipv6+))
             (when (<= (+ next +ipv6-hdr-len+) data-end)
               (setf protocol (ipv6-nexthdr next))))))
    (incf (getmap rxcnt protocol)))
  XDP_DROP)
