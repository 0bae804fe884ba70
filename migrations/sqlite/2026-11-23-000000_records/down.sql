DROP TABLE eval_scores;
DROP TABLE feedback;
DROP TABLE requests;
