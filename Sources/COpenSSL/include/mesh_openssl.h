void mesh_openssl_placeholder(void);
