;; test errors
(defmacro bulk (count) `(progn ,@(loop repeat count collect '(asm #xb7 0 0 0 7))))

(defprog large (:type :xdp)
  (when (= (get-prandom-u32) 1)
;;      ^ error[program-too-large]: an instruction can reach 32767
    (bulk 33000))
  XDP_PASS)
