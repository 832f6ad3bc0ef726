;;; Traffic per protocol of IPv4 and IPv6; fragments, expired and truncated packets are counted and dropped.

(defstruct traffic (packets u64) (bytes u64))

(defmap by-protocol :type :percpu-array :key-type u32 :value-type traffic :max-entries 256)
(defmap dual-stats :type :array :key-type u32 :value-type u64 :max-entries 4)

(defmacro drop-as (index)
  `(progn (incf (getmap dual-stats ,index))
          (return XDP_DROP)))

(defprog dual-stack (:type :xdp)
  (let* ((data (xdp-data))
         (data-end (xdp-data-end))
         (ip (+ data +eth-hdr-len+))
         (protocol 0))
    (when (> ip data-end)
      (return XDP_DROP))
    (case (eth-type data)
      (+ethertype-ipv4+
       (when (> (+ ip +ipv4-hdr-len+) data-end) (drop-as 0))
       (when (logtest (ipv4-frag-off ip) #x3fff) (drop-as 1))
       (setf protocol (ipv4-protocol ip)))
      (+ethertype-ipv6+
       (when (> (+ ip +ipv6-hdr-len+) data-end) (drop-as 0))
       (when (< (ipv6-hop-limit ip) 2) (drop-as 2))
       (setf protocol (ipv6-nexthdr ip)))
      (t
       (incf (getmap dual-stats 3))
       (return XDP_PASS)))
    (when-let ((traffic (getmap by-protocol protocol)))
      (incf (traffic-packets traffic))
      (incf (traffic-bytes traffic) (- data-end data))))
  XDP_PASS)
