"""The program that runs the functions of one task file within limits, and what it gives to them.

Its modules run in a process of their own (see `serving`), where nothing of fairtrial is loaded but them, the guards of
`fairtrial.sandbox` and `fairtrial.errors`.
"""
