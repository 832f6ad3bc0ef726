;; test run
;; Values of conditionals, logic, comparisons and arithmetic; `one` is not known at compile time.
(defmacro one () '(ctx ingress-ifindex))
(defmap bits :type :array :key-size 4 :value-size 8 :max-entries 64)
(defmacro check (n expected form) `(setf (getmap bits ,n) (= ,form ,expected)))

(defprog logic (:type :xdp)
  (check 0 0 (when (= (one) 2) 5))
  (check 1 5 (when (= (one) 1) 5))
  (check 2 0 (unless (= (one) 1) 5))
  (check 3 0 (cond ((= (one) 2) 9)))
  (check 4 9 (cond ((= (one) 2) 8) ((= (one) 1) 9) (t 7)))
  (check 5 7 (cond ((= (one) 2) 8) (t 7)))
  (check 6 0 (and (one) 0 3))
  (check 7 3 (and (one) 2 3))
  (check 8 1 (or 0 (one) 9))
  (check 9 0 (or 0 (- (one) 1)))
  (check 10 1 (not (- (one) 1)))
  (check 11 0 (not (one)))
  (check 12 20 (case (one) (0 10) ((1 2) 20) (t 30)))
  (check 13 0 (case (one) (5 10)))
  (check 14 0 (dotimes (i 3) (one)))
  (check 15 1 (< 0 (one) 2))
  (check 16 4 (let ((x 3)) (incf x (one))))
  (check 17 6 (let ((x 3)) (prog1 (+ x x) (setf x 0))))
  (check 18 8 (block b (when (one) (return-from b 8)) 9))
  (check 19 0 (if (- (one) 1) 5))
  0)

(defprog arithmetic (:type :xdp)
  (check 20 #xffffffffffffffff (- (one) 2))
  (check 21 #x7fffffffffffffff (/ (- (one) 2) 2))
  (check 22 1 (s< (- (one) 2) 0))
  (check 23 0 (< (- (one) 2) 0))
  (check 24 -1 (>>> (- (one) 3) 1))
  (check 25 #x7fffffffffffffff (>> (- (one) 3) 1))
  (check 26 8 (ash (one) 3))
  (check 27 1 (mod 7 (+ (one) 2)))
  (check 28 #xff (cast u8 (- (one) 2)))
  (check 29 -1 (cast i8 (+ (one) 254)))
  (check 30 #x0100 (htons (one)))
  (check 31 #x01000000 (ntohl (one)))
  (check 32 #x0100000000000000 (ntohll (one)))
  (check 33 -2 (lognot (one)))
  (check 34 3 (logior (one) 2))
  (check 35 0 (logand (one) 2))
  (check 36 1 (min (one) 7))
  (check 37 7 (max (one) 7))
  (check 38 -1 (- (one)))
  (check 39 5 (+ (1+ (one)) (1- (* (one) 4))))
  0)

;; run logic zero 60 = 0
;; run arithmetic zero 60 = 0
;; map bits[0] = 1
;; map bits[1] = 1
;; map bits[2] = 1
;; map bits[3] = 1
;; map bits[4] = 1
;; map bits[5] = 1
;; map bits[6] = 1
;; map bits[7] = 1
;; map bits[8] = 1
;; map bits[9] = 1
;; map bits[10] = 1
;; map bits[11] = 1
;; map bits[12] = 1
;; map bits[13] = 1
;; map bits[14] = 1
;; map bits[15] = 1
;; map bits[16] = 1
;; map bits[17] = 1
;; map bits[18] = 1
;; map bits[19] = 1
;; map bits[20] = 1
;; map bits[21] = 1
;; map bits[22] = 1
;; map bits[23] = 1
;; map bits[24] = 1
;; map bits[25] = 1
;; map bits[26] = 1
;; map bits[27] = 1
;; map bits[28] = 1
;; map bits[29] = 1
;; map bits[30] = 1
;; map bits[31] = 1
;; map bits[32] = 1
;; map bits[33] = 1
;; map bits[34] = 1
;; map bits[35] = 1
;; map bits[36] = 1
;; map bits[37] = 1
;; map bits[38] = 1
;; map bits[39] = 1
