"""Writes cobblestone256.txt with the Cobblestone recipe of pyca/cryptography 50, which shares no code with ours.

One line per message: plaintext length, input key, context, header, SHA-256 of the whole ciphertext,
its last 16 bytes. Byte i of the plaintext is (7 i + i // 251) mod 256.
"""

import hashlib
import os

from cryptography.cobblestone import Cobblestone256Encryptor

LENGTHS = [0, 1, 15, 16, 17, 1024, 16383, 16384, 16385, 20480, 32767, 32768, 49152, 100_000, 262_144, 1_000_003]

for number, length in enumerate(LENGTHS):
    key = os.urandom(32)
    context = b"" if number % 4 == 0 else b"document/%d" % number
    encryptor = Cobblestone256Encryptor(key, context=context)
    plaintext = bytes((7 * i + i // 251) % 256 for i in range(length))
    sealed = encryptor.update(plaintext) + encryptor.finalize()
    digest = hashlib.sha256(sealed).hexdigest()
    print(length, key.hex(), context.hex() or "-", sealed[:56].hex(), digest, sealed[-16:].hex())
