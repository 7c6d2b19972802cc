#!/usr/bin/perl
# Finds prose that is printed without gettext: po-plain.pl ALLOWED SOURCE...
# Looks at the arguments of the calls that print, and at the fields of tables that help is made
# of. Prose is a literal with a word of two letters or more beside a space. ALLOWED has lines
# "path: literal"; "#" starts a comment line. Exit status 1 when anything is found.
use strict;
use warnings;

my $printers = qr/\b(?:v?f?printf|puts|fputs|v?dprintf|v?w?printw|addstr|perror)\b/;
my $fields = qr/\.(?:help|summary|details|epilogue|arguments?)\s*=/;
my $literal = qr/"(?:[^"\\]|\\.)*"/s;
my $balanced;
$balanced = qr/\((?:[^()"']++|$literal|'(?:[^'\\]|\\.)+'|(??{$balanced}))*\)/s;

my ($allowed_path, @sources) = @ARGV;
my %allowed;
open(my $in, '<', $allowed_path) or die "po-plain: $allowed_path: $!\n";
while (<$in>) {
	chomp;
	$allowed{$_} = 0 unless /^\s*(#|$)/;
}
close($in);

# The literal's text as far as it may be prose.
sub is_prose {
	my ($text) = @_;
	$text =~ s/^"|"$//g;
	$text =~ s/%[-+ #0-9.*]*(?:hh|h|ll|l|z|t|j)?[a-zA-Z%]/%/g;
	$text =~ s/\\(?:033|x1b|e)\[[0-9;?]*[a-zA-Z]//g;
	$text =~ s/\\./ /g;
	$text =~ s/^\s+|\s+$//g;
	return $text =~ /[A-Za-z\x80-\xff]{2,}[,.:;!?]? +\S|\S +[A-Za-z\x80-\xff]{2,}/;
}

my $found = 0;
for my $path (@sources) {
	open(my $source, '<:raw', $path) or die "po-plain: $path: $!\n";
	my $text = do { local $/; <$source> };
	close($source);
	# Comments become white space; lines stay where they are.
	$text =~ s{($literal|'(?:[^'\\]|\\.)+')|(/\*.*?\*/|//[^\n]*)}
		{defined $1 ? $1 : $2 =~ s/[^\n]/ /gr}ges;
	while ($text =~ /($printers\s*(?=\()|$fields)/g) {
		my ($what, $start) = ($1, pos $text);
		my $rest = substr($text, $start);
		my $part;
		if ($what =~ /=$/) {
			($part) = $rest =~ /^((?:\s*$literal)+)/ or next;
		} else {
			($part) = $rest =~ /^($balanced)/ or next;
		}
		my $line = 1 + (substr($text, 0, $start) =~ tr/\n//);
		$part =~ s/\b(?:_|N_|P_)\s*$balanced//g;
		while ($part =~ /($literal)/g) {
			my $one = $1;
			next unless is_prose($one);
			my $key = "$path: $one";
			if (exists $allowed{$key}) {
				$allowed{$key}++;
				next;
			}
			print "$path:$line: $one\n";
			$found = 1;
		}
	}
}
for my $key (sort keys %allowed) {
	next if $allowed{$key};
	print "$allowed_path: nothing prints this any more: $key\n";
	$found = 1;
}
exit $found;
