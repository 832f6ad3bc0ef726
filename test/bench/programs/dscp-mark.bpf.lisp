;;; Marks packets with the class that their DSCP stands for, and counts the bytes of each class.

(defmap class-of-dscp :type :array :key-type u32 :value-type u32 :max-entries 64)
(defmap class-bytes :type :array :key-type u32 :value-type u64 :max-entries 8)

(defprog dscp-mark (:type :tc)
  (with-tc-packet (data data-end :min-len 34)
    (when (= (eth-type data) +ethertype-ipv4+)
      (when-let ((found (map-lookup class-of-dscp (>> (ipv4-tos (+ data +eth-hdr-len+)) 2)))
                 )
        (let ((class (logand (load u32 found) 7)))
          (incf (getmap class-bytes class) (ctx len))
          (setf (ctx mark) class
                (ctx priority) (cond ((>= class 6) 7)
                                     ((>= class 3) 4)
                                     (t 0)))))))
  TC_ACT_OK)
