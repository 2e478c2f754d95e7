"""What pages of our servers share: look, templates, files, and who may come in.  Knows no trial, model or ledger."""
