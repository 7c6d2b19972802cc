#include "backup/show/card/words.h"

#include <stddef.h>

static const char purpose_es[] = "Con esta tarjeta y la contraseña, cualquier técnico "
				 "recupera los datos en cualquier PC con Linux. Solo hace "
				 "falta restic, un programa libre (https://restic.net).";

static const char secret_es[] = "ATENCIÓN: esta tarjeta lleva la contraseña. Quien la tiene "
				"puede leerlo todo: guárdela bajo llave.";

static const char purpose_en[] = "With this card and the password any technician gets the "
				 "data back on any PC with Linux. Only restic is needed, a "
				 "free program (https://restic.net).";

static const char secret_en[] = "CAREFUL: this card bears the password. Who has it can read "
				"everything: keep it under lock and key.";

const struct words_language words_languages[] = {
	{"es",
		{
			[WORDS_TITLE] = "Tarjeta de recuperación",
			[WORDS_PURPOSE] = purpose_es,
			[WORDS_PLACE] = "Lugar del repositorio",
			[WORDS_ID] = "Identificador",
			[WORDS_KEY] = "Clave usada",
			[WORDS_PASSWORD] = "Contraseña",
			[WORDS_BY_HAND] = "(escríbala a mano)",
			[WORDS_STEPS] = "Pasos",
			[WORDS_INSTALL] = "Instalar restic (Debian, Ubuntu):",
			[WORDS_SAY] = "Decirle dónde está el repositorio:",
			[WORDS_LIST] = "Ver las copias que hay:",
			[WORDS_RESTORE] = "Recuperar la última en la carpeta /recuperado:",
			[WORDS_CHECK] = "Comprobar que el repositorio está entero:",
			[WORDS_ASKED] = "restic pide la contraseña cada vez.",
			[WORDS_ACCOUNT] = "Los datos de la cuenta los da el proveedor:",
			[WORDS_CODE] = "El código QR contiene el lugar y el identificador.",
			[WORDS_SAFE] = "Guárdela lejos del equipo, y la contraseña en otro sitio.",
			[WORDS_SECRET] = secret_es,
		}},
	{"en",
		{
			[WORDS_TITLE] = "Recovery card",
			[WORDS_PURPOSE] = purpose_en,
			[WORDS_PLACE] = "Place of the repository",
			[WORDS_ID] = "Identifier",
			[WORDS_KEY] = "Key in use",
			[WORDS_PASSWORD] = "Password",
			[WORDS_BY_HAND] = "(write it by hand)",
			[WORDS_STEPS] = "Steps",
			[WORDS_INSTALL] = "Install restic (Debian, Ubuntu):",
			[WORDS_SAY] = "Say where the repository is:",
			[WORDS_LIST] = "See which snapshots there are:",
			[WORDS_RESTORE] = "Restore the last one into the folder /recuperado:",
			[WORDS_CHECK] = "Prove that the repository is whole:",
			[WORDS_ASKED] = "restic asks for the password each time.",
			[WORDS_ACCOUNT] = "The provider gives the data of the account:",
			[WORDS_CODE] = "The QR code holds the place and the identifier.",
			[WORDS_SAFE] = "Keep it away from the machine, and the password elsewhere.",
			[WORDS_SECRET] = secret_en,
		}},
	{NULL, {NULL}},
};
