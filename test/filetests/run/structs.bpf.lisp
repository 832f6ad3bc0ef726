;; test run
;; Struct fields, arrays, nested structs, unions, header fields as places.
(defstruct inner (a u16) (b i32))
(defstruct outer (tag u8) (in inner) (name (array u8 5)) (words (array i16 3)) (pair (array inner 2)))
(defunion either inner outer)
(defheader proto (x :offset 0 :type u16 :net-order t) (y :offset 4 :type u32 :net-order t))
(defmap out :type :array :key-size 4 :value-size 8 :max-entries 16)
(defmap keyed :type :hash :key-type inner :value-size 8 :max-entries 8)
(defmap big :type :hash :key-size 4 :value-type inner :max-entries 8)
;; A run-time index; the kernel wants to see that it is bounded.
(defmacro one () '(logand (ctx ingress-ifindex) 1))

(defprog fields (:type :xdp)
  (let ((o (make-outer)))
    (setf (outer-tag o) 300
          (inner-a (outer-in o)) 7
          (inner-b (outer-in o)) -3
          (outer-name o 2) 9
          (outer-words o (one)) -5
          (inner-a (outer-pair o (one))) 11)
    (incf (outer-name o (one)) 4)
    (setf (getmap out 0) (outer-tag o)
          (getmap out 1) (inner-a (outer-in o))
          (getmap out 2) (s< (inner-b (outer-in o)) 0)
          (getmap out 3) (+ (outer-name o 1) (outer-name o 2))
          (getmap out 4) (= (outer-words o 1) -5)
          (getmap out 5) (inner-a (outer-pair o 1))
          (getmap out 6) (sizeof outer)
          (getmap out 7) (load u16 (outer-pair-ptr o) 8))
    0))

(defprog overlaid (:type :xdp)
  (let ((e (make-either)) (p (struct-alloc 8)))
    (setf (inner-a e) #x0102)
    (setf (getmap out 8) (outer-tag e))
    (setf (getmap out 9) (setf (proto-x p) #x0a0b))
    (setf (getmap out 10) (load u8 p 0))
    (setf (proto-y p) 5)
    (setf (getmap out 11) (+ (proto-y p) (load u8 p 7)))
    0))

(defprog keys (:type :xdp)
  (let ((k (make-inner)))
    (setf (inner-a k) 3)
    (incf (getmap keyed k) 2)
    (incf (getmap keyed k) 3)
    (setf (getmap out 12) (getmap keyed k))
    (remmap keyed k)
    (setf (getmap out 13) (getmap keyed k))
    (setf (getmap big 1) k)
    (when-let ((v (getmap big 1)))
      (setf (getmap out 14) (inner-a v)))
    (setf (getmap out 15) (= (getmap big 2) 0))
    0))

;; run fields zero 60 = 0
;; run overlaid zero 60 = 0
;; run keys zero 60 = 0
;; map out[0] = 44
;; map out[1] = 7
;; map out[2] = 1
;; map out[3] = 13
;; map out[4] = 1
;; map out[5] = 11
;; map out[6] = 40
;; map out[7] = 11
;; map out[8] = 2
;; map out[9] = 2571
;; map out[10] = 10
;; map out[11] = 10
;; map out[12] = 5
;; map out[13] = 0
;; map out[14] = 3
;; map out[15] = 1
