;;; Drops packets of sources that are blocked for a while; who has waited long enough is taken off the list.

(defmap blocked-until :type :hash :key-type u32 :value-type u64 :max-entries 16384)
(defmap block-stats :type :array :key-type u32 :value-type u64 :max-entries 2)

(defprog block-list (:type :xdp)
  (with-ipv4 (data data-end ip)
    (let ((source u32 (logxor (ipv4-src-addr ip) (ipv4-protocol ip))))
      (when-let ((until (map-lookup blocked-until source)))
        (when (> (load u64 until) (ktime-get-ns))
          (incf (getmap block-stats 0))
          (return XDP_DROP))
        (remmap blocked-until source)
        (incf (getmap block-stats 1)))))
  XDP_PASS)
