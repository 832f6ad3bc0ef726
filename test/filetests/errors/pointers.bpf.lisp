;; test errors
(defmap seen :type :hash :key-size 4 :value-size 8 :max-entries 16)

(defprog misused-pointers (:type :xdp)
  (let ((data (xdp-data))
        (data-end (xdp-data-end))
        (entry (map-lookup seen 1)))
    (* data 2)
;;  ^ error[pointer-misuse]: load the value behind the pointer first
    (> data (- data-end 34))
;;          ^ error[pointer-misuse]: the end of the packet cannot be moved
    (load u32 4096 0)
;;            ^ error[pointer-misuse]: this is a number
    (store u8 data-end 0 1)
;;            ^ error[pointer-misuse]: nothing can be written through the end of the packet
    (atomic-add data 0 1)
;;  ^ error[pointer-misuse]: atomic operations on the packet are not allowed
    (load u64 entry)
;;            ^ warning[unchecked-null]: `entry` may be null and is never tested
    (setf entry (load u64 data))
;;  ^ error[pointer-misuse]: `entry` holds a pointer in one place and a number in another
    0))
