# Makes a C header of text files: NAME.in becomes an array NAME of its lines, ended by NULL, with '_' for what no C name holds.
FNR == 1 {
	if (NR > 1)
		print "\tNULL};"
	name = FILENAME
	sub(/.*\//, "", name)
	sub(/\.in$/, "", name)
	gsub(/[^A-Za-z0-9]/, "_", name)
	print "static const char *const " name "[] = {"
}
{
	gsub(/\\/, "&&")
	gsub(/"/, "\\\\&")
	print "\t\"" $0 "\","
}
END { print "\tNULL};" }
