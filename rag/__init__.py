"""Knowledge and answers: documents, passages, retrieval, the answer chain."""
