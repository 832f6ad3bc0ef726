;; test run
;; Code made at compile time: lists, loops, local macros, several programs of one macro.
(defmap hits :type :array :key-size 4 :value-size 8 :max-entries 8)
(defparameter *ports* (loop for p from 80 to 84 by 2 collect p))
(defconstant +mask+ (reduce #'logior (mapcar (lambda (b) (ash 1 b)) '(0 3))))

(defun chain (port clauses)
  (if (null clauses)
      0
      (destructuring-bind ((key value) &rest more) clauses
        `(if (= ,port ,key) ,value ,(chain port more)))))

(defmacro dispatch (port &body clauses)
  (let ((p (gensym)))
    `(let ((,p ,port)) ,(chain p clauses))))

(defmacro one-of (value list)
  `(or ,@(mapcar (lambda (x) `(= ,value ,x)) (symbol-value list))))

(defmacro define-port-counter (name slot &rest ports)
  `(defprog ,name (:type :xdp)
     (with-tcp (data data-end tcp)
       (when (or ,@(loop for p in ports collect `(= (tcp-dst-port tcp) ,p)))
         (incf (getmap hits ,slot))))
     XDP_PASS))

(define-port-counter count-web 0 80 443)
(define-port-counter count-dns 1 53)

(defprog choose (:type :xdp)
  (with-tcp (data data-end tcp)
    (let ((port (tcp-dst-port tcp)))
      (when (one-of port *ports*) (incf (getmap hits 2)))
      (macrolet ((add (n) `(incf (getmap hits 3) ,n)))
        (add 2)
        (add +mask+))
      (return (dispatch port (1 10) (2 20) (80 30)))))
  XDP_DROP)

;; run count-web tcp to=80 = XDP_PASS
;; run count-web tcp to=81 = XDP_PASS
;; run count-web tcp to=443 = XDP_PASS
;; run count-dns tcp to=53 = XDP_PASS
;; run choose tcp to=82 = 0
;; run choose tcp to=2 = 20
;; run choose tcp to=80 = 30
;; map hits[0] = 2
;; map hits[1] = 1
;; map hits[2] = 2
;; map hits[3] = 33
