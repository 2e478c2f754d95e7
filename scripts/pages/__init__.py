"""The pages of the documentation that are made from the code, and the folder that the site is built from."""
