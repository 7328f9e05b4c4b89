void mesh_decaf_placeholder(void);
