# For Doxygen: the C headers carry plain comments, readable without any tool.
# Those at the start of a line tell of what follows, those behind something of
# what stands before them.
s,^/\* ([^S]|S[^P]),/** \1,
s,^( *[^/ ].*[;a-z0-9)]) +/\* ,\1 /**< ,
