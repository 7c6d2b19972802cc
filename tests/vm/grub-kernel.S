/* A kernel for GRUB's decision table: writes "kernel X: " and its command line to the first serial port, then ends the
 * machine through qemu's debug exit port. X is patched in at offset 0x402. As a bzImage of boot protocol 2.12 it is
 * entered in 32-bit mode with %esi at the boot parameters; of the 16-bit part only the header exists. */
	.code32
	.globl _start
_start:
	.org 0x1f1
	.byte 1			/* setup_sects: this one and one more */
	.word 0			/* root_flags */
	.long 0x20		/* syssize: paragraphs of what is loaded high */
	.word 0, 0xffff, 0	/* ram_size, vid_mode, root_dev */
	.word 0xaa55		/* boot_flag */
	.byte 0xeb, 0x66	/* jump */
	.ascii "HdrS"
	.word 0x020c		/* version */
	.long 0			/* realmode_swtch */
	.word 0x1000, 0		/* start_sys_seg, kernel_version */
	.byte 0, 1		/* type_of_loader, loadflags: loaded high */
	.word 0			/* setup_move_size */
	.long 0x100000		/* code32_start */
	.long 0, 0, 0		/* ramdisk_image, ramdisk_size, bootsect_kludge */
	.word 0			/* heap_end_ptr */
	.byte 0, 0		/* ext_loader_ver, ext_loader_type */
	.long 0			/* cmd_line_ptr */
	.long 0x7fffffff	/* initrd_addr_max */
	.long 0x200000		/* kernel_alignment */
	.byte 1, 21		/* relocatable_kernel, min_alignment */
	.word 0			/* xloadflags */
	.long 2047		/* cmdline_size */
	.long 0, 0, 0		/* hardware_subarch and its data */
	.long 0, 0, 0, 0	/* payload_offset, payload_length, setup_data */
	.long 0x1000000, 0	/* pref_address */
	.long 0x100000		/* init_size: more than the file has */
	.long 0			/* handover_offset */
	.org 0x400

	jmp start
letter:
	.byte 'X'

	/* Sends %al; without a stack, so "return" is a jump through %edi. */
send:
	movb %al, %bl
	movw $0x3fd, %dx
1:	inb %dx, %al
	testb $0x20, %al
	jz 1b
	movb %bl, %al
	movw $0x3f8, %dx
	outb %al, %dx
	jmp *%edi

	/* %ebp: where this code runs. */
	.macro put char
	movb \char, %al
	leal 99f-_start-0x400(%ebp), %edi
	jmp send
99:
	.endm

start:
	/* The only way to learn where one is needs four bytes of stack: those at the end of the boot parameters. */
	leal 0x1000(%esi), %esp
	call 1f
1:	popl %ebp
	subl $(1b-_start-0x400), %ebp
	put $'\n'
	put $'k'
	put $'e'
	put $'r'
	put $'n'
	put $'e'
	put $'l'
	put $' '
	put letter-_start-0x400(%ebp)
	put $':'
	put $' '
	movl 0x228(%esi), %ecx
2:	movb (%ecx), %al
	testb %al, %al
	jz 3f
	put %al
	incl %ecx
	jmp 2b
3:	put $'\n'
	movb $1, %al
	outb %al, $0xf4
4:	hlt
	jmp 4b
	.org 0x600
