"""What `openssl ts -verify -data … -in … -CAfile … -untrusted … -attime …` says, many times over in one process.

It calls the functions of libcrypto that the command calls, in the same order with the same flags. Standard input: a JSON
object a line (`at`, and `message`, `response` in hexadecimal, `chain`, `root` in PEM); standard output: `1` or `0` a line.
"""

import ctypes
import ctypes.util
import json
import sys

crypto = ctypes.CDLL(ctypes.util.find_library("crypto"))


def function(name, result, *arguments):
    found = getattr(crypto, name)
    found.restype, found.argtypes = result, arguments
    return found


P, I, L = ctypes.c_void_p, ctypes.c_int, ctypes.c_long
new_bio = function("BIO_new_mem_buf", P, ctypes.c_char_p, I)
free_bio = function("BIO_free", I, P)
read_certificate = function("PEM_read_bio_X509", P, P, P, P, P)
free_certificate = function("X509_free", None, P)
new_stack = function("OPENSSL_sk_new_null", P)
push = function("OPENSSL_sk_push", I, P, P)
new_store = function("X509_STORE_new", P)
add_certificate = function("X509_STORE_add_cert", I, P, P)
set_parameters = function("X509_STORE_set1_param", I, P, P)
new_parameters = function("X509_VERIFY_PARAM_new", P)
free_parameters = function("X509_VERIFY_PARAM_free", None, P)
set_time = function("X509_VERIFY_PARAM_set_time", None, P, L)
read_response = function("d2i_TS_RESP", P, P, ctypes.POINTER(ctypes.c_char_p), L)
free_response = function("TS_RESP_free", None, P)
new_context = function("TS_VERIFY_CTX_new", P)
free_context = function("TS_VERIFY_CTX_free", None, P)
add_flags = function("TS_VERIFY_CTX_add_flags", I, P, I)
set_data = function("TS_VERIFY_CTX_set_data", P, P, P)
set_store = function("TS_VERIFY_CTX_set_store", P, P, P)
set_certificates = function("TS_VERIFY_CTX_set_certs", P, P, P)
verify_response = function("TS_RESP_verify_response", I, P, P)
clear_errors = function("ERR_clear_error", None)

SIGNATURE, VERSION, DATA, SIGNER = 1 << 0, 1 << 1, 1 << 4, 1 << 6


def certificates(pem):
    pem = pem.encode()
    bio = new_bio(pem, len(pem))
    while certificate := read_certificate(bio, None, None, None):
        yield certificate
    free_bio(bio)


def verdict(case):
    response = bytes.fromhex(case["response"])
    message = bytes.fromhex(case["message"])
    parsed = read_response(None, ctypes.byref(ctypes.c_char_p(response)), len(response))
    if not parsed:
        clear_errors()
        return False
    store = new_store()
    for certificate in certificates(case["root"]):
        add_certificate(store, certificate)
        free_certificate(certificate)
    parameters = new_parameters()
    set_time(parameters, case["at"])
    set_parameters(store, parameters)
    free_parameters(parameters)
    untrusted = new_stack()
    for certificate in certificates(case["chain"]):
        push(untrusted, certificate)
    context = new_context()
    add_flags(context, VERSION | SIGNER | DATA | SIGNATURE)
    set_data(context, new_bio(message, len(message)))
    set_store(context, store)
    set_certificates(context, untrusted)
    result = verify_response(context, parsed) == 1
    free_context(context)
    free_response(parsed)
    clear_errors()
    return result


for line in sys.stdin:
    print("1" if verdict(json.loads(line)) else "0")
