;; test run
;; Functions: scalars, narrow results, pointers of several kinds, the context, calls inside calls.
(defmap counts :type :array :key-size 4 :value-size 8 :max-entries 4)
(defmap seen :type :hash :key-size 4 :value-size 8 :max-entries 16)

(defsubprog mix ((a u32) (b u32)) u32
  "Documentation."
  (logxor (* a 31) b))

(defsubprog narrow ((a u64)) u8 (+ a 1))

(defsubprog signed-half ((a i32)) i32 (>>> a 1))

(defsubprog bump (counter (by u64)) u64
  (if counter
      (progn (atomic-add counter 0 by) (load u64 counter))
      0))

(defsubprog packet-length ((c ctx)) u32
  (- (ctx data-end) (ctx data)))

(defsubprog twice ((a u32)) u32 (+ (mix a 0) (mix a 0)))

(defsubprog early ((a u32)) u32
  (when (> a 10) (return 1))
  2)

(defprog scalars (:type :xdp)
  (let ((length (packet-length (ctx-ptr))))
    (+ (mix length 5) (twice length))))

(defprog results (:type :xdp)
  (+ (narrow 255) (* 10 (narrow 40)) (* 1000 (early 11)) (* 10000 (early 3))))

(defprog negative (:type :xdp)
  (let ((half (signed-half (cast i32 -8))))
    (if (s< half 0) (- 0 half) 99)))

(defprog pointers (:type :xdp)
  (bump (map-lookup counts 1) 5)
  (let ((b (bump (map-lookup counts 1) 7))
        (none (bump (map-lookup seen 3) 1)))
    (+ b none)))

;; run scalars zero 60 = 5577
;; run results zero 60 = 21410
;; run negative zero 60 = 4
;; run pointers zero 60 = 12
;; map counts[1] = 12
