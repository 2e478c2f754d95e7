"""Many questions about one image: what scoring them costs, beside others and beside what the engines can do."""
